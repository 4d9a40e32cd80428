import { labTest } from "../kit/lab.ts";
import { webLogin } from "../system/web_login.ts";
import { binaryPrograms } from "./binaries.ts";

labTest("web login on the built executables", webLogin, binaryPrograms);
