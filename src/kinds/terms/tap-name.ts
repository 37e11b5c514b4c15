import { uuidV5 } from "../../model/uuid.ts";

/** The id of the port that an interface of a guest is: the same for every drive and every start. `uuid`: of the instance. */
export function portId(uuid: string, mac: string): string {
  return uuidV5(mac, uuid);
}

/** The name of the device on the host of an interface (Nova XML-18): `tap` and the first 11 characters of the id of its port. */
export function tapName(uuid: string, mac: string): string {
  return `tap${portId(uuid, mac).slice(0, 11)}`;
}

/** Whether the name of a device has that form. libvirt names others `vnet0`, and people as they like. */
export function isTapName(name: string): boolean {
  return /^tap[0-9a-f]{8}-[0-9a-f]{2}$/.test(name);
}
