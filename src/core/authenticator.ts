/**
 * Authenticator: decides who a session is. auth/ implements it.
 */
import type { AppPlatform, UserId } from "../base/ids.ts";

/** What a client says of itself, checked for shape but not for truth. */
export interface Claim {
  readonly userId: UserId;
  readonly appPlatform: AppPlatform;
  readonly serviceToken: string;
}

export interface Identity {
  readonly userId: UserId;
  readonly appPlatform: AppPlatform;
}

export interface Authenticator {
  /**
   * Answers who this is, from the token or, in guest mode, from the claim.
   *
   * @throws {PrimError} `permission_denied` if the claim is not proved or the platform is not allowed.
   */
  authenticate(claim: Claim): Promise<Identity>;
}
