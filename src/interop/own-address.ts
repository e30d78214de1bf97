/**
 * The address under which the reference system's nodes know this one.
 */
import { lookup } from "node:dns/promises";
import { isIPv4 } from "node:net";
import { PrimError } from "../base/errors.ts";

/**
 * @param advertised host:port at which other nodes reach the RPC port.
 * @returns ip:port, IPv4: another form in their list makes the reference system's nodes refuse all of it.
 * @throws {PrimError} `failed_precondition` if the host has no IPv4 address.
 */
export async function ownAddress(advertised: string): Promise<string> {
  const at = advertised.lastIndexOf(":");
  const [host, port] = [advertised.slice(0, at), advertised.slice(at + 1)];
  if (isIPv4(host)) return advertised;
  let cause: unknown;
  try {
    const { address } = await lookup(host, { family: 4 });
    // An IPv6 address is found to be itself, whatever was asked.
    if (isIPv4(address)) return `${address}:${port}`;
  } catch (error) {
    cause = error;
  }
  throw new PrimError(
    "failed_precondition",
    `Cannot join the reference system's nodes as "${advertised}" (cluster.advertise): it has no IPv4 address`,
    { cause },
  );
}
