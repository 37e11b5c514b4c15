import { existsSync } from "node:fs";
import { type Address, addressKind, addressName } from "../model/address.ts";
import { closest } from "../model/closest.ts";
import { userError } from "../model/errors.ts";
import { instanceOf } from "../model/presentation.ts";
import type { FoundInstance, FoundObject } from "../model/result.ts";
import { shellWord } from "../model/shell-word.ts";
import { onlyHost } from "../session.ts";
import { version } from "../version.ts";
import { browseOptions, type CommandDefinition, hostOptions, shownPlanOptions } from "./command.ts";
import { foundImages } from "./found-images.ts";
import { foundInstances } from "./found-instances.ts";
import { isPath } from "./names-and-paths.ts";
import { openConfigured } from "./open-session.ts";
import { readPlanFile } from "./plan-file.ts";
import { reported } from "./reported.ts";
import { survey } from "./survey.ts";

/** `virtform show`: the host as it is. */
export const show: CommandDefinition = {
  summary: "Show the objects on the host and their owners",
  usage: "[ADDR] [PATH] [options] | PLANFILE",
  description:
    "Of a saved plan: the plan as it was shown when it was saved. Without an address: all objects of this project, and other objects on the host with their owners. With an address (domain/web-0, disk/web-0.root, or web-0): all known fields, as YAML; of a guest also its status, and its addresses.",
  options: { ...hostOptions, ...shownPlanOptions, ...browseOptions, json: { type: "boolean", help: "Print JSON." } },
  examples: [
    ["virtform show", "Lists all objects."],
    ["virtform show web-0", "Shows all objects of instance web-0."],
    ["virtform show site.plan", "Shows a plan saved by `virtform plan --out site.plan`; reads no host."],
    ["virtform show disk/web-0.root site.yaml", "Shows one object of another configuration."],
  ],
  run: (invocation, io) =>
    reported(invocation, io, { command: "show" }, async (reporter) => {
      const [file, ...more] = invocation.positionals;
      const saved = file === undefined || more.length > 0 ? undefined : await readPlanFile(file, version);
      if (saved !== undefined) {
        reporter.event({ type: "plan", plan: saved });
        return 0;
      }
      const { wanted, paths } = splitPositionals(invocation.positionals);
      await using session = await openConfigured(paths, io);
      const host = onlyHost(session);
      const surveyed = await survey(host, reporter);
      const { unmanaged, behind } = surveyed;
      const found = surveyed.objects.map(({ address, state }) => ({
        address,
        state: behind.has(address) ? { ...(state as object), behind_image: true } : state,
      }));
      if (wanted === undefined) {
        const { project, settings } = host.context;
        reporter.event({ type: "result", result: { kind: "host", project, uri: settings.uri, objects: found, unmanaged } });
        return 0;
      }
      const objects = withStatus(found, await foundInstances(host, surveyed));
      const images = (await foundImages(host, surveyed)).map(({ name, ...state }): FoundObject => ({ address: `image/${name}`, state }));
      const named = [...images, ...objects].filter(({ address }) => isNamed(address, wanted));
      if (named.length === 0) {
        const near = closest(
          wanted,
          [...images, ...objects].flatMap(({ address }) => [address, addressName(address)]),
        );
        throw userError(
          "not-found",
          `Nothing of this project is called ${wanted}`,
          `${near === undefined ? "`virtform show` lists what there is." : `Did you mean ${near}?`}${existsSync(wanted) ? ` For the configuration of that name write ${shellWord(`./${wanted}`)}.` : ""}`,
        );
      }
      reporter.event({ type: "result", result: { kind: "objects", objects: named } });
      return 0;
    }),
};

/**
 * The first word is an address or a name, unless it looks like a path: it begins with a dot or slash, ends like a file of
 * a configuration, or has a slash and exists. Write `./web` for a directory of that name.
 */
function splitPositionals(positionals: readonly string[]): { wanted: string | undefined; paths: readonly string[] } {
  const [first, ...rest] = positionals;
  return first === undefined || isPath(first) ? { wanted: undefined, paths: positionals } : { wanted: first, paths: rest };
}

/** Guests with what `list` says of them, also those that are declared and missing. */
function withStatus(objects: readonly FoundObject[], instances: readonly FoundInstance[]): FoundObject[] {
  const missing = instances.filter(({ name, declared }) => declared && !objects.some(({ address }) => address === `domain/${name}`));
  const rows = [...objects, ...missing.map(({ name }): FoundObject => ({ address: `domain/${name}`, state: {} }))];
  return rows
    .map((object) => {
      const instance =
        addressKind(object.address) === "domain" ? instances.find(({ name }) => `domain/${name}` === object.address) : undefined;
      if (instance === undefined) return object;
      const { status, reason, declared, addresses, uuid, vcpus, memory, image, flavor } = instance;
      const known = { uuid, vcpus, memory, image, flavor };
      return {
        ...object,
        state: { status, ...(reason === null ? {} : { reason }), declared, addresses, ...known, ...(object.state as object) },
      };
    })
    .sort((one, other) => (one.address < other.address ? -1 : 1));
}

function isNamed(address: Address, wanted: string): boolean {
  return address === wanted || addressName(address) === wanted || instanceOf(address) === wanted;
}
