import { existsSync } from "node:fs";
import { type Address, addressKind, addressName } from "../model/address.ts";
import { closest } from "../model/closest.ts";
import { instanceOf } from "../model/presentation.ts";
import type { FoundInstance, FoundObject } from "../model/result.ts";
import { shellWord } from "../model/shell-word.ts";
import { version } from "../version.ts";
import { browseOptions, type CommandDefinition, hostOptions, shownPlanOptions } from "./command.ts";
import { eachHost, notFoundOn } from "./each-host.ts";
import { foundImages } from "./found-images.ts";
import { foundInstances } from "./found-instances.ts";
import { hostOfName } from "./host-of-name.ts";
import { isPath } from "./names-and-paths.ts";
import { openConfigured, refuseHosts } from "./open-session.ts";
import { readPlanFile } from "./plan-file.ts";
import { reported } from "./reported.ts";
import { type Survey, survey } from "./survey.ts";

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
        refuseHosts(io);
        reporter.event({ type: "plan", plan: saved });
        return 0;
      }
      const { wanted, paths } = splitPositionals(invocation.positionals);
      await using session = await openConfigured(paths, io);
      const chosen = wanted === undefined ? undefined : hostOfName(session, wanted);
      const { found, complete, failed } = await eachHost(
        session,
        reporter,
        async (host, { event }) => {
          const surveyed = await survey(host, { event });
          const objects = withBehind(surveyed);
          if (chosen === undefined) return { surveyed, objects };
          const images = (await foundImages(host, surveyed)).map(
            ({ name, ...state }): FoundObject => ({ address: `image/${name}`, state }),
          );
          return { surveyed, objects: [...images, ...withStatus(objects, await foundInstances(host, surveyed))] };
        },
        chosen?.hosts,
      );
      if (wanted === undefined || chosen === undefined) {
        const hosts = found.map(({ host: { context }, address, value: { surveyed, objects } }) => ({
          project: context.project,
          uri: context.settings.uri,
          objects: objects.map((object) => ({ ...object, address: address(object.address) })),
          unmanaged: surveyed.unmanaged.map((other) => ({ ...other, name: address(other.name) })),
        }));
        reporter.event({ type: "result", result: { kind: "hosts", hosts } });
        return complete ? 0 : 1;
      }
      const objects = found.flatMap(({ value, address }) => value.objects.map((object) => ({ object, shown: address(object.address) })));
      const named = objects.flatMap(({ object, shown }) => (isNamed(object.address, chosen.name) ? [{ ...object, address: shown }] : []));
      if (named.length === 0) {
        const near = closest(
          chosen.name,
          objects.flatMap(({ object: { address } }) => [address, addressName(address)]),
        );
        throw notFoundOn(
          failed,
          "not-found",
          `Nothing of this project is called ${wanted}`,
          `${near === undefined ? "`virtform show` lists what there is." : `Did you mean ${near}?`}${existsSync(wanted) ? ` For the configuration of that name write ${shellWord(`./${wanted}`)}.` : ""}`,
        );
      }
      reporter.event({ type: "result", result: { kind: "objects", objects: named } });
      return complete ? 0 : 1;
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

/** The objects of a host, with a mark on disks that stay on an earlier image. */
function withBehind({ objects, behind }: Survey): FoundObject[] {
  return objects.map(({ address, state }) => ({
    address,
    state: behind.has(address) ? { ...(state as object), behind_image: true } : state,
  }));
}

/** Guests with what `list` says about them, also those that are declared and missing. */
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
