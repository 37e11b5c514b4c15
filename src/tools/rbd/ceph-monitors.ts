import { unexpectedAnswer } from "../../model/errors.ts";
/** The cluster as its monitors tell of it. */
export interface CephCluster {
  readonly fsid: string;
  /** `host:port`, in the order of their rank. IPv6 hosts stand in brackets. */
  readonly monitors: readonly string[];
}

type Fields = Readonly<Record<string, unknown>>;

/** The answer to `mon dump` in JSON. */
export function parseMonitors(text: string): CephCluster {
  const { fsid, mons } = object(text);
  if (typeof fsid !== "string" || !Array.isArray(mons)) throw unexpected(text);
  const monitors = (mons as Fields[]).map(({ addr, public_addr, public_addrs }) => {
    // `addr` is the address that clients of the first protocol use, which is what qemu's drive takes without a prefix.
    const plain = [public_addr, addr].find((value) => typeof value === "string");
    const vector = (public_addrs as { addrvec?: { type: string; addr: string }[] } | undefined)?.addrvec ?? [];
    const address = vector.find(({ type }) => type === "v1")?.addr ?? vector[0]?.addr ?? plain;
    if (address === undefined) throw unexpected(text);
    return String(address).replace(/\/\d+$/, "");
  });
  return { fsid, monitors };
}

function object(text: string): Fields {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw unexpected(text);
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) throw unexpected(text);
  return parsed as Fields;
}

function unexpected(text: string): Error {
  return unexpectedAnswer("Ceph's monitors", "Their addresses were expected.", text);
}
