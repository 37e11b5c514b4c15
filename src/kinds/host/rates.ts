import type { Context } from "../../model/context.ts";
import { failureDiagnostics } from "../../model/failure-diagnostics.ts";
import { noRates, parseRates, type Rates } from "../../model/rates.ts";
import { readManyOnce } from "../../tools/read-once.ts";

/** The file is a few KiB. */
const mostBytes = 64 * 2 ** 10;

/** How fast actions of earlier applies were on this host; empty without any, and where the file cannot be read: a plan does not depend on it. */
export async function readRates(context: Context): Promise<Rates> {
  try {
    const [content] = await readManyOnce(context, [{ path: context.layout.rates, length: mostBytes }]);
    return parseRates(content?.toString("utf8"));
  } catch (error) {
    if (failureDiagnostics(error) === undefined) throw error;
    return noRates;
  }
}
