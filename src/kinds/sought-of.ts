import type { Sought } from "../model/sought.ts";
import { withoutUndefined } from "../model/without-undefined.ts";
import { declared } from "./config/declared.ts";
import type { Config } from "./config.ts";
import { contentKey, publishedNames } from "./published/desired.ts";

/** What a look at the host takes from this configuration. Pure. */
export function soughtOf(config: Config): Sought {
  const { instances, volumes, networks, images, project } = config;
  return withoutUndefined({
    instances: sectionOf(instances, ({ count, adopt, uuid, renamed_from }) => ({ count, adopt, uuid, renamed_from })),
    volumes: sectionOf(volumes, ({ renamed_from }) => ({ renamed_from })),
    networks: sectionOf(networks, ({ external, renamed_from }) => ({ external, renamed_from })),
    published: Object.fromEntries(publishedNames(config).map((name) => [name, contentKey(declared(images, name), project)])),
  });
}

/** A section with what is sought of its entries. */
function sectionOf<Entry, Part extends object>(section: Readonly<Record<string, Entry>> | undefined, partOf: (entry: Entry) => Part) {
  if (section === undefined) return undefined;
  return Object.fromEntries(Object.entries(section).map(([name, entry]) => [name, withoutUndefined(partOf(entry))]));
}
