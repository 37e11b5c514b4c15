import type { Caller } from "./caller.ts";
import { documentOf, explaining, unlessMissing } from "./explaining.ts";
import { errorCodes as is, isRefusal } from "./libvirt-error.ts";
import type { NetworkFace, NetworkRecord, NetworkSection } from "./network-face.ts";
import { procedures } from "./rpc/procedures.ts";

const flags = { inactive: 1, list: { active: 2, persistent: 4, autostart: 16 }, live: 1 } as const;
/** libvirt's numbers of what an update does and of the part that it is about. */
const commands = { delete: 2, add: 3 } as const;
const sections: Readonly<Record<NetworkSection, number>> = {
  "dhcp-host": 4,
  "dhcp-range": 5,
  "dns-host": 10,
  "dns-txt": 11,
  "dns-srv": 12,
};
/** libvirt looks for the parent itself. */
const anyParent = -1;
/**
 * Since libvirt 7.2 a server takes the two numbers of an update in the documented order; earlier ones take them swapped
 * (VIR_DRV_FEATURE_NETWORK_UPDATE_HAS_CORRECT_ORDER).
 */
const correctOrder = 16;

/** libvirt finds a network by its uuid; the name appears in its messages only. */
const at = (uuid: string) => ({ name: uuid, uuid });

/** Looks at networks and changes them through these calls. */
export function createNetworks(call: Caller["call"]): NetworkFace {
  let ordered: Promise<boolean> | undefined;
  const isOrdered = () => {
    ordered ??= call(procedures.hasFeature, { feature: correctOrder })
      .then(({ supported }) => supported === 1)
      .catch((error: unknown) => {
        ordered = undefined;
        throw error;
      });
    return ordered;
  };

  const listed = async (listFlags: number) => (await call(procedures.listNetworks, { needResults: 1, flags: listFlags })).networks;
  const listedUuids = async (listFlags: number) => new Set((await listed(listFlags)).map(({ uuid }) => uuid));

  async function record(
    network: { readonly name: string; readonly uuid: string },
    active: boolean,
    persistent: boolean,
    autostart: boolean,
  ) {
    const xmlOf = (xmlFlags: number) =>
      documentOf(() => call(procedures.networkXml, { network, flags: xmlFlags }, network.name), is.noNetwork);
    const [xml, running] = await Promise.all([xmlOf(persistent ? flags.inactive : 0), active ? xmlOf(0) : null]);
    return { ...network, xml, active: running, autostart } satisfies NetworkRecord;
  }

  async function records(chosen: (network: { readonly name: string; readonly uuid: string }) => boolean): Promise<NetworkRecord[]> {
    const [all, active, persistent, autostart] = await Promise.all([
      listed(0),
      listedUuids(flags.list.active),
      listedUuids(flags.list.persistent),
      listedUuids(flags.list.autostart),
    ]);
    const found = await Promise.all(
      all.filter(chosen).map((network) =>
        // One that was removed meanwhile is left out.
        unlessMissing(
          `Reading network ${network.name} failed`,
          () => record(network, active.has(network.uuid), persistent.has(network.uuid), autostart.has(network.uuid)),
          is.noNetwork,
        ),
      ),
    );
    return found.flatMap((one) => one ?? []);
  }

  return {
    networks: () =>
      explaining("Listing the networks failed", async () => {
        const [all, active] = await Promise.all([listed(0), listedUuids(flags.list.active)]);
        return new Map(all.map(({ name, uuid }) => [name, active.has(uuid)]));
      }),
    networkRecords: (chosen = () => true) => explaining("Listing the networks failed", () => records(chosen)),
    network: (uuid) => explaining(`Looking at network ${uuid} failed`, async () => (await records((one) => one.uuid === uuid))[0]),

    defineNetwork: (xml) =>
      explaining("Defining a network failed", async () => {
        await call(procedures.defineNetwork, { xml });
      }),
    startNetwork: (uuid) =>
      explaining(`Starting network ${uuid} failed`, async () => {
        try {
          await call(procedures.startNetwork, { network: at(uuid) }, uuid);
        } catch (error) {
          if (!isRefusal(error, is.operationInvalid) || !(await listedUuids(flags.list.active)).has(uuid)) throw error;
        }
      }),
    stopNetwork: async (uuid) => {
      await unlessMissing(
        `Stopping network ${uuid} failed`,
        async () => {
          try {
            await call(procedures.stopNetwork, { network: at(uuid) }, uuid);
          } catch (error) {
            if (!isRefusal(error, is.operationInvalid) || (await listedUuids(flags.list.active)).has(uuid)) throw error;
          }
        },
        is.noNetwork,
      );
    },
    setNetworkAutostart: (uuid, autostart) =>
      explaining(`Setting autostart of network ${uuid} failed`, async () => {
        await call(procedures.setNetworkAutostart, { network: at(uuid), autostart: autostart ? 1 : 0 }, uuid);
      }),
    updateNetwork: (uuid, { command, section, parent, xml }) =>
      explaining(`Changing network ${uuid} failed`, async () => {
        const [first, second] = [commands[command], sections[section]];
        const order = (await isOrdered()) ? { command: first, section: second } : { command: second, section: first };
        await call(
          procedures.updateNetwork,
          { network: at(uuid), ...order, parentIndex: parent ?? anyParent, xml, flags: flags.live },
          uuid,
        );
      }),
    undefineNetwork: async (uuid) => {
      await unlessMissing(
        `Undefining network ${uuid} failed`,
        () => call(procedures.undefineNetwork, { network: at(uuid) }, uuid),
        is.noNetwork,
      );
    },
  };
}
