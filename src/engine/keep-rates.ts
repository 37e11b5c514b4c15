import type { Context } from "../model/context.ts";
import { failureDiagnostics } from "../model/failure-diagnostics.ts";
import { combineRates, noRates, type Rates, ratesText } from "../model/rates.ts";

/** Keeps what an apply measured, together with what was known before. A file that cannot be written is no error: only forecasts become less exact. */
export async function keepRates({ host, layout }: Context, known: Rates | undefined, measured: Rates): Promise<void> {
  if (Object.keys(measured.seconds).length === 0) return;
  const data = ratesText(combineRates(known ?? noRates, measured));
  try {
    await host.files.change([{ do: "write", path: layout.rates, data, staged: true }], "later");
  } catch (error) {
    if (failureDiagnostics(error) === undefined) throw error;
  }
}
