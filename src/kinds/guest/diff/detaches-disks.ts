import { ownsSource } from "../../../drivers/index.ts";
import { sourceText } from "../../../drivers/shared/disk-source.ts";
import type { Observed } from "../../../model/observed.ts";
import { disks } from "../../terms/disk-address.ts";
import type { DomainState } from "../../terms/domain-state.ts";
import type { DomainSpec } from "../../terms/spec.ts";
import { volumes } from "../../terms/volume-address.ts";
import type { LivePlan } from "../live/plan.ts";

/**
 * True if a disk of the guest is being detached that it cannot release while it runs. The guest must be off for that: a disk that is taken
 * away below a running guest looks broken to it, and could be in two guests at once.
 */
export function detachesDisks(want: DomainSpec, have: DomainState, observed: Observed, live: LivePlan): boolean {
  const kept = new Set(want.disks.map(({ attachment }) => sourceText(attachment)));
  // A disk stays when the guest gets the layer that is above it.
  for (const { disk, layers } of have.chains ?? []) if (disk !== null && layers.some(({ source }) => kept.has(source))) kept.add(disk);
  const leaving = Object.entries(have.disks).flatMap(([target, source]) => {
    const path = `disks.${target}.source`;
    const stays = kept.has(source) || live.paths.has(path) || live.postponed.has(`disks.${target}`);
    return stays || !runsWith(target, source, have) ? [] : [source];
  });
  if (leaving.length === 0) return false;
  const ours = [...observed.of(disks), ...observed.of(volumes)];
  const layered = new Set(
    (have.chains ?? []).flatMap(({ disk, layers: [top] }) => (disk === null || top === undefined ? [] : [top.source])),
  );
  return leaving.some((source) => layered.has(source) || ours.some(([, disk]) => ownsSource(source, disk)));
}

/** Whether a guest that runs has a disk of its stored definition, perhaps below a layer. */
function runsWith(target: string, source: string, { active, fields }: DomainState): boolean {
  const serial = `disks.${target}.serial`;
  return (
    active === null || active[`disks.${target}.source`] === source || (fields[serial] !== undefined && active[serial] === fields[serial])
  );
}
