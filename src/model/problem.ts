import type { Address } from "./address.ts";
import type { Diagnostic } from "./diagnostic.ts";
import type { Pointer } from "./pointer.ts";
import { withoutUndefined } from "./without-undefined.ts";

/** What a problem says, and where it is. */
export interface ProblemWords {
  /** Short, in fixed words. */
  readonly summary: string;
  /** In full sentences: what is wrong, why it matters, what to do. */
  readonly detail: string;
  /** The object it is about; its place in the configuration follows from it. */
  readonly address?: Address | undefined;
  /** Keys below the place of that object: `["flavor"]`. */
  readonly key?: Pointer;
  /** The place itself, where there is no such object. */
  readonly pointer?: Pointer;
  /** What it is about could not be compared, so the plan is not complete. */
  readonly unseen?: boolean;
  /** An error that is a warning only where the loss of data at all of these addresses was allowed in advance. */
  readonly allowedBy?: readonly Address[] | undefined;
  /** It follows from what is written or kept, and is true in every plan until that changes. */
  readonly lasting?: boolean;
}

/** A problem for the user under its stable code. Each code is in the table of its room, which `docs/errors.md` is made from. */
export function problem(
  code: string,
  { summary, detail, address, key, pointer, unseen = false, allowedBy, lasting = false }: ProblemWords,
  severity: Diagnostic["severity"] = "error",
): Diagnostic {
  return {
    severity,
    code,
    summary,
    detail,
    ...withoutUndefined({ address, key, pointer }),
    ...(unseen ? { unseen } : {}),
    ...(allowedBy === undefined ? {} : { allowedBy }),
    ...(lasting ? { lasting } : {}),
  };
}
