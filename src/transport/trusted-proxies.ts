/**
 * TrustedProxies: who a client is when a proxy stands between. The header that names the client is believed only
 * if a proxy that the operator named has handed it over: anybody can write a header.
 *
 * `X-Forwarded-For` is read from its right end, where the nearest proxy wrote; the first address that is no trusted
 * proxy is the client, and what stands left of it is the client's own claim. `X-Real-IP` counts where there is no
 * `X-Forwarded-For`. A header that makes no sense as far as it must be read is ignored as a whole.
 */
import { BlockList, isIP } from "node:net";
import { FORWARDED_HOPS_MAX } from "../base/limits.ts";

/** Reads a header of the request, repeated ones joined by commas; nothing if there is none. */
export interface RequestHeaders {
  get(name: string): string | null | undefined;
}

export class TrustedProxies {
  readonly #networks = new BlockList();
  readonly #isEmpty: boolean;

  /** @param networks IP addresses and networks ("10.0.0.0/8"), as `app.trustedProxies` has them. */
  constructor(networks: readonly string[]) {
    this.#isEmpty = networks.length === 0;
    for (const network of networks) {
      const [address = "", prefix] = network.split("/");
      if (prefix === undefined) this.#networks.addAddress(address, familyOf(address));
      else this.#networks.addSubnet(address, Number(prefix), familyOf(address));
    }
  }

  /**
   * Who sent a request.
   *
   * @param peer address of the other end of the connection, IPv4-mapped or not.
   * @returns `peer`, unless that is a trusted proxy which names another; that one in its shortest form, an
   *   IPv4-mapped address as IPv4. If all hops are trusted, the farthest.
   */
  clientAddress(peer: string, headers: RequestHeaders): string {
    if (this.#isEmpty || !this.#trusts(peer)) return peer;
    const hops = (headers.get("x-forwarded-for") || headers.get("x-real-ip") || "").split(",");
    const near = hops.slice(-FORWARDED_HOPS_MAX);
    for (const [index, hop] of near.reverse().entries()) {
      const address = parseHop(hop.trim());
      if (address === undefined) return peer;
      if (!this.#trusts(address) || index === hops.length - 1) return address;
    }
    return peer; // More hops than a request can have passed: nobody's honest header.
  }

  #trusts(address: string): boolean {
    return isIP(address) !== 0 && this.#networks.check(address, familyOf(address));
  }
}

function familyOf(address: string): "ipv4" | "ipv6" {
  return isIP(address) === 6 ? "ipv6" : "ipv4";
}

/** An address, with a port as some proxies write it or without. The result shares no memory with the header. */
function parseHop(text: string): string | undefined {
  const bare = /^\[(.+)\](?::\d{1,5})?$/.exec(text)?.[1] ?? /^([0-9.]+):\d{1,5}$/.exec(text)?.[1] ?? text;
  switch (isIP(bare)) {
    case 4:
      return bare.split(".").map(Number).join(".");
    case 6:
      return shortest(bare);
    default:
      return undefined;
  }
}

/** @returns undefined for an address with a zone, which means something on one machine only. */
function shortest(address: string): string | undefined {
  const short = URL.parse(`http://[${address}]/`)?.hostname.slice(1, -1);
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(short ?? "");
  if (mapped === null) return short;
  const [high, low] = [Number.parseInt(mapped[1] ?? "", 16), Number.parseInt(mapped[2] ?? "", 16)];
  return [high >> 8, high & 255, low >> 8, low & 255].join(".");
}
