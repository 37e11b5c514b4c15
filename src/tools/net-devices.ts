import { basename } from "node:path/posix";
import type { Context } from "../model/context.ts";

/** A network device of a host as the kernel shows it. */
export interface NetDevice {
  /** It is switched on (IFF_UP). */
  readonly up: boolean;
  /** `up`, `down`, `lowerlayerdown`, …; `unknown` of drivers that do not tell, as of taps: then it is usable. */
  readonly operstate: string;
  /** The bridge, bond or virtual switch that it is a port of; null: of none. */
  readonly master: string | null;
}

/** Longest file of a device that is read. */
const longest = 64;

/** The network devices with these names, in their order; undefined for one that does not exist. */
export async function netDevices({ host }: Pick<Context, "host">, names: readonly string[]): Promise<(NetDevice | undefined)[]> {
  const place = (name: string) => `/sys/class/net/${name}`;
  const [contents, masters] = await Promise.all([
    host.files.readMany(
      names.flatMap((name) => ["flags", "operstate"].map((file) => ({ path: `${place(name)}/${file}`, length: longest }))),
    ),
    host.files.identify(names.map((name) => `${place(name)}/master`)),
  ]);
  return names.map((_, index) => {
    const [flags, operstate] = contents.slice(index * 2, index * 2 + 2).map((content) => content?.toString("latin1"));
    return parseNetDevice(flags, operstate, masters[index]?.path);
  });
}

/** Reads what the files of a device say. `master`: the path of the device that it is a port of. Undefined for a device that does not exist. */
export function parseNetDevice(
  flags: string | undefined,
  operstate: string | undefined,
  master: string | undefined,
): NetDevice | undefined {
  const bits = /^0x([0-9a-f]{1,8})\s*$/i.exec(flags ?? "")?.[1];
  if (bits === undefined) return undefined;
  const state = /^[a-z]{1,32}/.exec(operstate ?? "")?.[0] ?? "unknown";
  return { up: (Number.parseInt(bits, 16) & 1) === 1, operstate: state, master: master === undefined ? null : basename(master) };
}
