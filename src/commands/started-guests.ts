import { addressesOf } from "../kinds/instance/addresses.ts";
import { guests } from "../kinds/terms/guest-address.ts";
import { addressName } from "../model/address.ts";
import type { Change } from "../model/change.ts";
import type { Json } from "../model/json.ts";
import { type Plan, plansOfHosts } from "../model/plan.ts";
import type { StartedGuest } from "../model/started-guest.ts";
import type { HostSession } from "../session.ts";

/** Of more guests no address is asked for: only the first are listed. */
const mostAsked = 10;

/**
 * The guests that a plan made and started, with the addresses that the host knows by now. An address that cannot be found out is none: the
 * apply is done.
 */
export async function startedGuests(plan: Plan, hosts: readonly Pick<HostSession, "name" | "context">[]): Promise<StartedGuest[]> {
  const started = plansOfHosts(plan).map((one) => ({ plan: one, made: one.changes.filter(isStarted) }));
  const found = await Promise.all(
    started.map(async ({ plan: one, made }) => {
      const host = plan.hosts === undefined ? hosts[0] : hosts.find(({ name }) => name === one.host);
      const overviews = made.map(({ address, after }) => ({ name: addressName(address), ...partsOf(after) }));
      const known = host === undefined ? undefined : await addressesOf(host.context, overviews.slice(0, mostAsked)).catch(() => undefined);
      return overviews.map(
        ({ name, interfaces, isContainer }): StartedGuest => ({
          name: plan.hosts === undefined ? name : `${one.host}/${name}`,
          addresses: known?.get(name) ?? [],
          reachable: Object.values(interfaces).some((to) => !to.startsWith("user")),
          ...(isContainer ? { silent: true } : {}),
        }),
      );
    }),
  );
  return found.flat();
}

function isStarted({ address, verb, actions }: Change): boolean {
  return guests.owns(address) && verb === "create" && actions.some(({ type }) => type === "domain.start");
}

/** What the wanted guest says about its identity and its interfaces. */
function partsOf(after: Json): {
  readonly uuid: string;
  readonly status: "active";
  readonly interfaces: Readonly<Record<string, string>>;
  readonly isContainer: boolean;
} {
  const fields = (after ?? {}) as Readonly<Record<string, Json>>;
  const interfaces = Object.entries(fields).flatMap(([path, type]) => {
    const mac = /^interfaces\.(.*)\.type$/.exec(path)?.[1];
    return mac === undefined ? [] : [[mac, [type, fields[`interfaces.${mac}.source`]].filter(Boolean).join(" ")] as const];
  });
  return {
    uuid: String(fields["uuid"] ?? ""),
    status: "active",
    interfaces: Object.fromEntries(interfaces),
    isContainer: fields["virt_type"] === "lxc",
  };
}
