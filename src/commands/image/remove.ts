import { namesHere } from "../../kinds/image/names-here.ts";
import { removeNamed, removeNamedNotes } from "../../kinds/image/remove-named.ts";
import { userError } from "../../model/errors.ts";
import type { Observed } from "../../model/observed.ts";
import type { Mode } from "../../reconciliation.ts";
import type { HostSession } from "../../session.ts";
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
  const mode = (names: readonly string[], { config, context }: HostSession): Mode => {
    const namesIn = ({ facts }: Observed) => namesHere({ config, settings: context.settings, project: context.project }, facts);
    return {
      do: "only",
      changes: (observed) => removeNamed(observed, names, namesIn(observed)),
      notes: (observed) => removeNamedNotes(observed, names, namesIn(observed)),
      keepLeftovers: true,
    };
  };
  return runApply(invocation, io, { command: "gc", scope: { paths: invocation.texts("path"), names: words, untargeted: true, mode } });
}
