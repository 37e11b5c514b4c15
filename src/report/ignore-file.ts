import { stringify } from "yaml";
import type { Json } from "../model/json.ts";
import { documentReporter, type RenderReport } from "./document-reporter.ts";

/** The drift that a run found as a file for `drift --ignore`, an entry per difference, bound to the value that was found. */
export const renderIgnoreFile: RenderReport = ({ plan }, { now }) => {
  const changed = (plan?.changes ?? []).flatMap(({ address, verb, cause, fields }): Entry[] => {
    if (cause === "config") return [];
    if (verb !== "update") return cause === "drift" ? [{ address }] : [];
    return fields.filter((field) => (field.cause ?? cause) === "drift").map(({ path, old }) => entry(address, path, old));
  });
  const live = (plan?.pending ?? []).flatMap(({ address, fields }) =>
    fields.filter(({ cause }) => cause === "drift").map(({ path, old }) => entry(address, path, old)),
  );
  const head = `# Drift found on ${now.toISOString().slice(0, 10)}. Delete the entries that you do not accept; \`reason\` and \`until: YYYY-MM-DD\` may be added.\n`;
  return head + stringify({ ignore: [...changed, ...live] }, { lineWidth: 0 });
};

/** The reporter of `--report ignore=FILE`. */
export const createIgnoreReporter = documentReporter(renderIgnoreFile);

interface Entry {
  readonly address: string;
  readonly field?: string;
  readonly found?: Json;
}

function entry(address: string, field: string, found: Json | undefined): Entry {
  return { address, field, found: found ?? null };
}
