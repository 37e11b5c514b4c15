import type { Address } from "../../model/address.ts";
import type { Context } from "../../model/context.ts";
import type { Diagnostic } from "../../model/diagnostic.ts";
import { CodedError } from "../../model/errors.ts";
import type { Observation } from "../../model/kind.ts";
import { glancePublisher } from "../../sources/glance/published.ts";
import { published } from "./address.ts";
import type { PublishedState } from "./spec.ts";
import { stateOf } from "./state-of.ts";

/** The images in Glance that this project publishes, as they are there. `contents`: by name, what tells the content of each from other content. */
export async function observePublished(context: Context, contents: Readonly<Record<string, string>>): Promise<Observation<PublishedState>> {
  const sought = Object.entries(contents);
  const states = new Map<Address, PublishedState>();
  if (sought.length === 0) return { states, unmanaged: [], diagnostics: [], complete: true };
  const diagnostics: Diagnostic[] = [];
  const unread: Address[] = [];
  const publisher = glancePublisher(context);
  for (const [name, content] of sought) {
    const address = published.at(name);
    try {
      const image = await publisher.find({ project: context.project, image: name, content });
      if (image === undefined) continue;
      states.set(address, stateOf(image, image.visibility === "shared" ? await publisher.members(image.id) : []));
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      unread.push(address);
      diagnostics.push(...error.diagnostics.map((one) => ({ ...one, address, unseen: true as const })));
    }
  }
  return { states, unmanaged: [], diagnostics, complete: unread.length === 0, unread };
}
