import type { Diagnostic } from "../../model/diagnostic.ts";
import type { Observed } from "../../model/observed.ts";
import { problem } from "../../model/problem.ts";
import { shellWord } from "../../model/shell-word.ts";
import type { DiskChain } from "../terms/disk-chain.ts";
import { type GuestState, guests } from "../terms/guest-address.ts";
import type { DomainSpec } from "../terms/spec.ts";
import { type LeftDisk, leftDisks } from "./left-behind.ts";

/** What lies below disks and is not virtform's to follow: block jobs, broken chains, files that are not based on the disk. */
export function checkChains(
  domains: readonly DomainSpec[],
  observed: Observed,
  isReplaced: (instance: string, name: string) => boolean,
): Diagnostic[] {
  const found = observed.of(guests).flatMap(([address, guest]) => {
    const instance = address.slice(address.indexOf("/") + 1);
    const jobs = (guest.chains ?? []).flatMap((chain) => [
      ...jobProblems(instance, guest.name, chain),
      ...brokenProblems(instance, chain, guest),
    ]);
    return jobs;
  });
  const left = domains.flatMap((want) =>
    leftDisks(want, observed, (name) => isReplaced(want.instance, name)).map((disk) => leftProblem(want, disk, observed)),
  );
  return [...found, ...left];
}

function jobProblems(instance: string, domain: string, { target, job }: DiskChain): Diagnostic[] {
  if (job === null) return [];
  const virsh = `virsh blockjob ${shellWord(domain)} ${shellWord(target)}`;
  const detail =
    job.source === null && (job.name === "pull" || job.name === "commit")
      ? `libvirt moves content between the layers of the disk, and which of them are left is not known yet. Wait until it has ended, or end it: \`${virsh} --abort\`. Then run the same command again.`
      : `libvirt copies the disk${job.source === null ? "" : ` to ${job.source}`}, and which file the guest has afterwards is not known yet. Wait until it has ended, or end it: \`${virsh} --pivot\` once it is ready, or \`${virsh} --abort\`. Then run the same command again.`;
  return [
    problem("block-job-active", {
      summary: `A block job (${job.name}) of disk ${target} of ${instance} is active`,
      detail,
      address: guests.at(instance),
    }),
  ];
}

function brokenProblems(instance: string, { target, broken, disk, layers }: DiskChain, { power }: GuestState): Diagnostic[] {
  // A file in place of the disk that is missing itself is reported as such.
  if (broken === null || broken.why === "unreadable" || (disk === null && layers.length <= 1)) return [];
  const texts = {
    missing: `${broken.source} is a layer of disk ${target} of ${instance} and is missing`,
    cycle: `The layers of disk ${target} of ${instance} form a cycle at ${broken.source}`,
    "too-deep": `Disk ${target} of ${instance} has too many layers`,
  };
  const running = power === "running" ? " The guest may have the file open still: do not switch it off before the file is back." : "";
  return [
    problem("disk-layer-missing", {
      summary: texts[broken.why],
      detail: `Layers from the top: ${layers.map(({ source }) => source).join(", ")}. The guest cannot start with this chain, and nothing is changed about it. Restore the file, or correct the backing file with \`qemu-img rebase\`.${running}`,
      address: guests.at(instance),
    }),
  ];
}

function leftProblem({ instance, preventDestroy }: DomainSpec, left: LeftDisk, observed: Observed): Diagnostic {
  const { target, source, disk, running, missing } = left;
  const address = guests.at(instance);
  const isProtected = preventDestroy || observed.get(address)?.label?.preventDestroy === true;
  const verb = running ? "runs with" : "is defined with";
  const back = missing
    ? `${source} is missing. Restore it.`
    : `virtform does not follow it, because it is not based on the disk. Bring its content back to ${disk}: with \`virsh blockcopy … --pivot\` while the guest runs, or with \`qemu-img convert\` and \`virsh edit\` while it is off.`;
  const consent = isProtected
    ? `${instance} is protected by prevent_destroy, so what was written is not left behind.`
    : `To give the guest its disk back and lose what it wrote since, add --allow-destroy=${address}.`;
  return problem("disk-left", {
    summary: `${instance} ${verb} ${source} in place of its disk ${target}`,
    detail: `Its disk is ${disk}. ${back} ${consent}`,
    address,
    ...(isProtected ? {} : { allowedBy: [address] }),
  });
}
