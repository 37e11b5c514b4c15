/** The name in a domain's document, without parsing all of it. */
export function nameIn(xml: string): string {
  const name = /<name>([^<]*)<\/name>/.exec(xml.slice(0, 4096))?.[1] ?? "";
  const entities: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };
  return name.replace(/&(lt|gt|amp|quot|apos);/g, (_all, entity: string) => entities[entity] ?? "");
}
