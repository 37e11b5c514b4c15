import { withoutUndefined } from "../../model/without-undefined.ts";
import { add, type Draft, draft } from "../guest/draft.ts";
import type { NetworkValue } from "../terms/network-state.ts";

/** The element of a field that is one: a reservation, a record of DNS. Of `dhcp.ranges`: that of one range. Throws for other fields: a bug. */
export function elementOf(path: string, value: NetworkValue): Draft {
  const text = String(value);
  const [, record = "", key = ""] = /^(?:dns|subnets\.\S+\/\d+\.dhcp)\.(hosts|txt|srv|ranges|reservations)(?:\.(.*))?$/.exec(path) ?? [];
  switch (record) {
    case "hosts": {
      const host = draft("host", { ip: key });
      for (const name of [value].flat()) add(host, "hostname", {}, String(name));
      return host;
    }
    case "txt":
      return draft("txt", { name: key, value: text });
    case "srv": {
      const [, service = "", protocol = "", domain = "", target = "", port = ""] = /^_([^.]*)\._([^.]*)\.(.*) (.*):(\d+)$/.exec(key) ?? [];
      const [, priority = "", weight = ""] = /^priority (\d+) weight (\d+)$/.exec(text) ?? [];
      return draft("srv", { service, protocol, domain, target, port, priority, weight });
    }
    case "ranges": {
      const [start = "", end = ""] = text.split("-");
      return draft("range", { start, end });
    }
    case "reservations": {
      const words = text.split(" ");
      const mac = /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/.test(words[0] ?? "") ? words.shift() : undefined;
      const id = words[0] === "duid" ? words.splice(0, 2)[1] : undefined;
      const [name] = words;
      return draft("host", {
        ...withoutUndefined({ mac, id, name }),
        ip: key,
      });
    }
    default:
      throw new Error(`${path} is not an element`);
  }
}
