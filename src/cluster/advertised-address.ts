/**
 * The address at which peers reach this node's RPC port.
 */
import { isIP, isIPv6 } from "node:net";
import { networkInterfaces } from "node:os";

/** As node:os tells them, by the name of the interface. */
export type Interfaces = Readonly<
  Record<
    string,
    readonly { readonly address: string; readonly family: string; readonly internal: boolean }[] | undefined
  >
>;

export interface AdvertiseOptions {
  /** `cluster.advertise`: host[:port], or empty. */
  readonly advertise: string;
  /** What the ports listen on. */
  readonly host: string;
  /** The real one. */
  readonly rpcPort: number;
}

/**
 * @returns host:port. What is advertised wins, with the real port if it names none. Else the host that is listened
 *   on, if that is one; else (it is "any address") the first IPv4 address of this machine that others may reach, or
 *   127.0.0.1 on a machine without a network.
 */
export function advertisedAddress(
  { advertise, host, rpcPort }: AdvertiseOptions,
  interfaces: Interfaces = networkInterfaces(),
): string {
  if (advertise !== "")
    return /:[0-9]+$/.test(withoutBrackets(advertise)) ? advertise : `${advertise}:${rpcPort}`;
  if (!isAny(host)) return `${isIPv6(host) ? `[${host}]` : host}:${rpcPort}`;
  const outward = Object.values(interfaces)
    .flatMap((addresses) => addresses ?? [])
    .find(({ family, internal }) => family === "IPv4" && !internal);
  return `${outward?.address ?? "127.0.0.1"}:${rpcPort}`;
}

/** "0.0.0.0", "::" and their other spellings. */
function isAny(host: string): boolean {
  return isIP(host) !== 0 && /^[0:.]+$/.test(host);
}

/** What looks like a port in `[::1]` is none. */
function withoutBrackets(hostAndPort: string): string {
  return hostAndPort.replace(/^\[[^\]]*\]/, "host");
}
