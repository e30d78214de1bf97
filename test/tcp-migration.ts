/**
 * TcpMigration: while it is used the kernel hands connections in the queue of a listener that closes on to another, if this machine
 * allows that. Otherwise they are reset, now and then, which no program can prevent.
 */
import { readFileSync, writeFileSync } from "node:fs";

const SETTING = "/proc/sys/net/ipv4/tcp_migrate_req";

export class TcpMigration implements Disposable {
  readonly isOn: boolean;
  readonly #before: string | undefined;

  constructor() {
    try {
      this.#before = readFileSync(SETTING, "utf8");
      if (this.#before.trim() === "0") writeFileSync(SETTING, "1");
      this.isOn = true;
    } catch {
      this.isOn = false;
    }
  }

  [Symbol.dispose](): void {
    if (this.isOn && this.#before !== undefined) writeFileSync(SETTING, this.#before);
  }
}
