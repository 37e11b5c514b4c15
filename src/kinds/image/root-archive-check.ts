import type { Diagnostic } from "../../model/diagnostic.ts";
import type { Observed } from "../../model/observed.ts";
import { problem } from "../../model/problem.ts";
import type { Resource } from "../../model/resource.ts";
import { rootArchivePackages } from "../../tools/root-archive-packages.ts";
import type { ImageSpec } from "./spec.ts";

const instead = "or make a raw file system elsewhere with `mke2fs -d` and use it with disk_format: raw";

/** Errors for an image that is to be made from a tar archive of a root directory (`root-tar`) on a host that cannot make it. Pure. */
export function checkRootArchive({ address, spec }: Resource<ImageSpec>, { facts }: Observed): Diagnostic[] {
  if (spec.diskFormat !== "root-tar") return [];
  const at = { address, key: ["disk_format"] };
  const missing = Object.entries(rootArchivePackages).filter(([program]) => facts.missingPrograms.includes(program));
  return [
    ...missing.map(([program, name]) =>
      problem("program-missing", {
        summary: `The program ${program} is not installed on the host`,
        detail: `It is needed to make the root file system of image ${spec.name} from its tar archive. Install the package ${name} there, ${instead}.`,
        ...at,
      }),
    ),
    ...(facts.ordinaryUser === true
      ? [
          problem("image-root-archive", {
            summary: `The root file system of image ${spec.name} can only be made by root`,
            detail: `It is mounted through a loop device while its tar archive is unpacked. Connect to the host as root, ${instead}.`,
            ...at,
          }),
        ]
      : []),
  ];
}
