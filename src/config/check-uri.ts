import { uriProblem } from "../model/libvirt-uri.ts";
import type { Problem } from "./problem.ts";
import type { Visit } from "./walk.ts";

/** A libvirt URI must have a transport that virtform supports. */
export function checkUri({ schema, value, pointer }: Visit): Problem | undefined {
  if (schema.libvirtUri !== true || typeof value !== "string") return undefined;
  // Its form is checked with that of other values.
  if (schema.pattern !== undefined && !new RegExp(schema.pattern).test(value)) return undefined;
  const problem = uriProblem(value);
  return problem === undefined ? undefined : { code: "libvirt-uri", ...problem, pointer, of: "value" };
}
