import { shellScriptTests } from "../system/shell_script.ts";
import { binaryPrograms } from "./binaries.ts";

shellScriptTests("built", binaryPrograms);
