/**
 * Guest mode: anyone may log in under any name, as in the seed. For trying out.
 */
import { PrimError } from "../base/errors.ts";
import type { AppPlatform } from "../base/ids.ts";
import type { Authenticator, Claim, Identity } from "../core/authenticator.ts";

export class GuestAuthenticator implements Authenticator {
  readonly #platforms: ReadonlySet<AppPlatform>;

  constructor(platforms: Iterable<AppPlatform>) {
    this.#platforms = new Set(platforms);
  }

  async authenticate({ userId, appPlatform }: Claim): Promise<Identity> {
    if (!this.#platforms.has(appPlatform)) {
      const allowed = [...this.#platforms].join(", ");
      throw new PrimError(
        "permission_denied",
        `Cannot log in on platform ${appPlatform}: allowed are ${allowed}`,
        { reason: "PLATFORM_NOT_ALLOWED" },
      );
    }
    return { userId, appPlatform };
  }
}
