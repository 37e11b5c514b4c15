import { withoutCredentials } from "../model/without-credentials.ts";
import { describePointer, type Problem } from "./problem.ts";
import type { Visit } from "./walk.ts";

const remedy = "Fetch the file first and use its path, or publish it where no password is needed and protect it by a checksum.";

/**
 * Saved plans contain addresses unchanged, so an address with user name and password is an error, and one that looks signed a
 * warning. The text is not echoed.
 */
export function checkCredentials({ schema, value, pointer }: Visit): Problem | undefined {
  if (schema.credentials !== "refused" || typeof value !== "string") return undefined;
  const at = { pointer, of: "value", hidden: true } as const;
  const where = describePointer(pointer);
  if (/^[a-z][a-z0-9+.-]*:\/\/[^/?#\\]*@/i.test(value)) {
    return {
      code: "source-with-credentials",
      summary: "The address contains credentials",
      detail: `${where} has a user name or password before its host. It would be readable in the file and in every saved plan. ${remedy}`,
      ...at,
    };
  }
  if (withoutCredentials(value) === value) return undefined;
  return {
    severity: "warning",
    code: "source-looks-signed",
    summary: "The address may contain a secret",
    detail: `${where} has a query that looks like a signature or token, readable in the file and in every saved plan. If it does not expire soon: ${remedy[0]?.toLowerCase()}${remedy.slice(1)}`,
    ...at,
  };
}
