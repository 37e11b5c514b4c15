import type { Diagnostic } from "../../model/diagnostic.ts";
import { parseIp } from "../../model/ip.ts";
import type { Pointer } from "../../model/pointer.ts";
import { problem } from "../../model/problem.ts";

/** A mistake in how a network is written. */
export function wrong(pointer: Pointer, summary: string, detail: string): Diagnostic {
  return problem("network-invalid", { summary, detail, pointer });
}

/** The mistake of a text that is not an address. */
export function notAnAddress(pointer: Pointer, text: string | undefined): Diagnostic[] {
  if (text === undefined || parseIp(text) !== undefined) return [];
  return [
    wrong(
      pointer,
      `${text} is not an IP address`,
      "Write an address such as 192.168.50.1 or fd00:50::1, without leading zeros in its numbers.",
    ),
  ];
}

/** Values that were given before. `undefined` is never one. */
export function repeated(values: readonly (string | undefined)[], at: (index: number) => Pointer, detail: string): Diagnostic[] {
  return values.flatMap((value, index) =>
    value === undefined || values.indexOf(value) === index ? [] : [wrong(at(index), `${value} is listed twice`, detail)],
  );
}
