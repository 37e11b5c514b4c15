import { removeNamed, removeNamedNotes } from "../../kinds/image/remove-named.ts";
import { userError } from "../../model/errors.ts";
import type { Mode } from "../../reconcile.ts";
import type { Invocation } from "../command.ts";
import type { Io } from "../io.ts";
import { runApply } from "../run-apply.ts";

/** `virtform image rm`. */
export async function removeImages(words: readonly string[], invocation: Invocation, io: Io): Promise<number> {
  if (words.length === 0) {
    throw userError(
      "missing-name",
      "Which images should be removed?",
      "Name them after `image rm`; `virtform image list` shows the names, `virtform gc` removes all that are unused.",
    );
  }
  const mode = (names: readonly string[]): Mode => ({
    do: "only",
    changes: (observed) => removeNamed(observed, names),
    notes: (observed) => removeNamedNotes(observed, names),
    keepLeftovers: true,
  });
  return runApply(invocation, io, { command: "gc", scope: { paths: invocation.texts("path"), names: words, untargeted: true, mode } });
}
