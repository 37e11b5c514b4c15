import { loadConfig } from "../config/load.ts";
import type { AcceptedDrift } from "../engine/accept-drift.ts";
import { hasErrors } from "../model/diagnostic.ts";
import { UserError } from "../model/errors.ts";
import { withoutUndefined } from "../model/without-undefined.ts";

const schema = {
  type: "object",
  additionalProperties: false,
  required: ["ignore"],
  properties: {
    ignore: {
      type: "array",
      items: {
        type: "object",
        additionalProperties: false,
        required: ["address"],
        properties: {
          address: { type: "string", minLength: 1, expects: "an address such as domain/web-0" },
          field: { type: "string", minLength: 1, expects: "the path of a field such as memory" },
          found: {},
          reason: { type: "string" },
          until: { type: "string", pattern: "^\\d{4}-\\d\\d-\\d\\d$", expects: "a date such as 2027-01-31" },
        },
      },
    },
  },
} as const;

/** The accepted drift in these files. Throws a UserError with every mistake, each with its place. */
export async function readIgnoreFiles(paths: readonly string[]): Promise<AcceptedDrift[]> {
  const loaded = await Promise.all(paths.map((path) => loadConfig([path], { schema })));
  const diagnostics = loaded.flatMap((one) => one.diagnostics);
  if (hasErrors(diagnostics)) throw new UserError(diagnostics);
  return loaded.flatMap(({ config, place }) => {
    const { ignore } = config as { readonly ignore: readonly AcceptedDrift[] };
    return ignore.map((entry, index) => ({ ...entry, ...withoutUndefined({ at: place(["ignore", index]) }) }));
  });
}
