import { userError } from "../../model/errors.ts";
import { applyOptions, type CommandDefinition, type Invocation } from "../command.ts";
import type { Io } from "../io.ts";
import { namesAndPaths } from "../names-and-paths.ts";
import { listImages } from "./list.ts";
import { lockImages } from "./lock.ts";
import { outdatedImages } from "./outdated.ts";
import { removeImages } from "./remove.ts";
import { verifyImages } from "./verify.ts";

const verbs: Readonly<Record<string, (words: readonly string[], invocation: Invocation, io: Io) => Promise<number>>> = {
  list: listImages,
  verify: verifyImages,
  outdated: outdatedImages,
  lock: lockImages,
  rm: removeImages,
};

const { "allow-destroy": _nothingIsLost, target: _named, ...options } = applyOptions;

/** `virtform image`: images and the base images that were made from them. */
export const image: CommandDefinition = {
  summary: "List, verify, pin and remove images",
  usage: "list|verify|outdated|lock|rm [IMAGE…] [PATH…] [options]",
  description:
    "`image list` shows the images of the configuration and the base images on the host: status, size of the published file, space that the base image takes, size of its disk, and how many disks are based on it. `image verify` reads base images again and compares them with their digests; it names those that were written to and the disks that are concerned, and exits with 1. `image outdated` asks each source whether its content changed since it was fetched, changes nothing, and exits with 2 if one did. `image lock` fetches each image without a checksum, or the named ones, and writes the SHA-256 of the content into the YAML, keeping comments and order; different content from the same address is rejected afterwards. `image rm` removes base images that no disk is backed by.",
  options: {
    ...options,
    path: { type: "string", multiple: true, value: "PATH", help: "Path of the configuration (default: the current directory)." },
    update: { type: "boolean", help: "image lock: also fetch the images that have a checksum, and write the present one." },
  },
  examples: [
    ["virtform image list", "Lists images with their status and three sizes."],
    ["virtform image verify", "Compares all base images with their digests."],
    ["virtform image outdated", "Names the images whose sources have new content."],
    ["virtform image lock", "Adds the missing checksums."],
    ["virtform image lock --update", "Fetches every source again and updates the checksums."],
    ["virtform image rm debian-12", "Shows the plan, asks, removes the base image of debian-12."],
  ],
  async run(invocation, io) {
    const [verb, ...words] = invocation.positionals;
    const perform = verb === undefined || !Object.hasOwn(verbs, verb) ? undefined : verbs[verb];
    if (perform !== undefined) {
      const { names, paths } = namesAndPaths({ positionals: words });
      const texts = (option: string) => [...invocation.texts(option), ...(option === "path" ? paths : [])];
      return perform(names, { ...invocation, texts }, io);
    }
    throw userError(
      "unknown-verb",
      verb === undefined ? "Missing argument: subcommand" : `No such image command: ${verb}`,
      `Usage: virtform image ${Object.keys(verbs).join("|")} [IMAGE…]`,
    );
  },
};
