import { readFileSync } from "node:fs";
import { procedures } from "../../../../../src/tools/libvirt/rpc/procedures.ts";

/** One call and its answer as they went over the wire between a client of libvirt 9.0.0 (virsh, or Python for filterNames) and libvirtd 9.0.0. */
export interface Sample {
  readonly key: keyof typeof procedures;
  readonly call: Buffer;
  readonly reply: Buffer;
}

type Stored = Readonly<Record<string, { readonly call: string; readonly reply: string }>>;

const stored: Stored = JSON.parse(readFileSync(new URL("samples.json", import.meta.url), "utf8"));
const bytes = (hex: string) => Buffer.from(hex, "hex");

/** The answered calls. */
export const samples: readonly Sample[] = Object.entries(stored).flatMap(([name, { call, reply }]) =>
  name in procedures ? [{ key: name as Sample["key"], call: bytes(call), reply: bytes(reply) }] : [],
);

/** A sample by its name, also of refused calls (`destroy refused`) and of an event. */
export function sampleNamed(name: string): Pick<Sample, "call" | "reply"> {
  const { call, reply } = stored[name] ?? { call: "", reply: "" };
  return { call: bytes(call), reply: bytes(reply) };
}
