import { after } from "node:test";
import { createSshHost } from "../../../../src/host/ssh/ssh.ts";
import { copyCases } from "../copy-cases.ts";
import { fileCases } from "../file-cases.ts";
import { fakeSsh, target } from "./fake-ssh.ts";

process.env["VIRTFORM_SSH"] = fakeSsh({ after }).program;
const host = createSshHost(target);
after(() => host.close());

fileCases("through the helper", host.files);
copyCases("through the helper", host.files);
