import { withoutCredentials } from "../model/without-credentials.ts";
import { describePointer, type Problem } from "./problem.ts";
import type { Visit } from "./walk.ts";

const remedy =
  "Fetch the file beforehand and write its path, or put it where no password is needed (a checksum protects it as well there).";

/**
 * Addresses stand in saved plans as they are, so a name and password in one is refused, and what looks like a signed
 * address is warned of. The text is not echoed.
 */
export function checkCredentials({ schema, value, pointer }: Visit): Problem | undefined {
  if (schema.credentials !== "refused" || typeof value !== "string") return undefined;
  const at = { pointer, of: "value", hidden: true } as const;
  const where = describePointer(pointer);
  if (/^[a-z][a-z0-9+.-]*:\/\/[^/?#\\]*@/i.test(value)) {
    return {
      code: "source-with-credentials",
      summary: "An address with credentials in it",
      detail: `${where} has a user name or password in front of its host. It would stand readable in the file and in every saved plan. ${remedy}`,
      ...at,
    };
  }
  if (withoutCredentials(value) === value) return undefined;
  return {
    severity: "warning",
    code: "source-looks-signed",
    summary: "An address with what may be a secret in it",
    detail: `${where} has a query that looks like a signature or token. It stands readable in the file and in every saved plan: fine when it soon expires. Otherwise: ${remedy[0]?.toLowerCase()}${remedy.slice(1)}`,
    ...at,
  };
}
