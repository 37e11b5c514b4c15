import type { Context } from "../../model/context.ts";
import type { SourceFacts } from "../../model/host-facts.ts";
import { isSourceProblem, sourceOf } from "../../sources/index.ts";

/** Looks up what is known about images before they are fetched, by their source. What cannot be fetched from is left out. */
export async function lookUpSources(context: Context, addresses: readonly string[]): Promise<Readonly<Record<string, SourceFacts>>> {
  const found = await Promise.all(
    [...new Set(addresses)].map(async (address) => {
      const source = sourceOf(address);
      if (isSourceProblem(source) || source.look === undefined) return [];
      return [[address, await source.look(context, address)] as const];
    }),
  );
  return Object.fromEntries(found.flat());
}
