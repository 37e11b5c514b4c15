import { statSync } from "node:fs";
import type { SshHost } from "./host/ssh/ssh.ts";
import { lookUpFacts } from "./kinds/host/facts.ts";
import type { Context } from "./model/context.ts";
import type { HostFacts, ImageWay } from "./model/host-facts.ts";
import { formatQuantity } from "./model/quantity.ts";
import { pathOf } from "./sources/file.ts";

/** The facts of a host over ssh, with which way each image goes there and how many bytes, where that is known. */
export async function lookUpFactsWithWays(
  context: Context,
  images: readonly { readonly source: string }[],
  host: SshHost,
): Promise<HostFacts> {
  const [facts, { extra }] = await Promise.all([lookUpFacts(context), host.greeting()]);
  const ways = images.flatMap(({ source }) => {
    const way = wayOf(source, host.name, extra.includes("curl"));
    return way === undefined ? [] : [[source, way] as const];
  });
  return { ...facts, imageWays: Object.fromEntries(ways) };
}

function wayOf(source: string, name: string, fetchesItself: boolean): ImageWay | undefined {
  if (/^https?:/i.test(source)) return { words: fetchesItself ? `${name} downloads it` : `downloaded here, pushed to ${name}` };
  if (!source.startsWith("/") && !source.startsWith("file:")) return undefined;
  const stat = statSync(pathOf(source), { throwIfNoEntry: false });
  return stat?.isFile() === true
    ? { words: `pushed from here, ${formatQuantity(stat.size)}`, bytes: stat.size }
    : { words: `from a file on ${name}` };
}
