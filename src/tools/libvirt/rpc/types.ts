import { double, hyper, int, list, optional, string, struct, uint, uuid, type ValueOf } from "./codec.ts";
import { ProtocolError, type XdrReader } from "./xdr-reader.ts";
import type { XdrWriter } from "./xdr-writer.ts";

/** A domain on the wire. `id` is -1 for one that is off. libvirt finds it by its uuid; the name only appears in messages. */
export const domain = struct({ name: string, uuid, id: int });
/** A reference to a domain, as messages carry it. */
export type WireDomain = ValueOf<typeof domain>;

/** A snapshot or a checkpoint on the wire, with the domain that it is of. */
export const snapshot = struct({ name: string, domain });

/** A secret on the wire. Usage types: 0 none, 1 volume, 2 ceph, 3 iSCSI, 4 TLS, 5 vTPM. */
export const secret = struct({ uuid, usageType: int, usageId: string });

/** A network on the wire. */
export const network = struct({ name: string, uuid });

/** A filter of network traffic on the wire (remote_nonnull_nwfilter). */
export const filter = struct({ name: string, uuid });

/** A device of the host and the filter that is on it (remote_nonnull_nwfilter_binding). */
export const filterBinding = struct({ port: string, filter: string });

/** What a failed call returns. */
export const errorReply = struct({
  code: int,
  domain: int,
  message: optional(string),
  level: int,
  dom: optional(domain),
  str1: optional(string),
  str2: optional(string),
  str3: optional(string),
  int1: int,
  int2: int,
  net: optional(network),
});

/** A named value of one of seven types, which the value itself is not told apart by. */
const typedValue = {
  write(out: XdrWriter, value: TypedValue) {
    out.int(value.type);
    if (value.type === 7) string.write(out, String(value.value));
    else numberCodec(value.type).write(out, Number(value.value));
  },
  read(input: XdrReader): TypedValue {
    const type = input.int();
    return { type, value: type === 7 ? string.read(input) : numberCodec(type).read(input) };
  },
};

/** A typed parameter: the number of its type and its value. */
export interface TypedValue {
  readonly type: number;
  readonly value: number | string;
}

function numberCodec(type: number) {
  // INT, UINT, LLONG, ULLONG, DOUBLE, BOOLEAN
  const codec = [undefined, int, uint, hyper, hyper, double, int][type];
  if (codec === undefined) throw new ProtocolError(`a value of type ${type}, which the protocol does not have`);
  return codec;
}

/** A named value. */
export const parameter = struct({ field: string, value: typedValue });

/** A network interface of a domain with its addresses. Types: 0 IPv4, 1 IPv6. */
export const domainInterface = struct({
  name: string,
  mac: optional(string),
  addresses: list(struct({ type: int, address: string, prefix: uint }), 2048),
});

/** State and reason of one domain among its statistics. */
export const domainStats = struct({ domain, values: list(parameter, 4096) });
