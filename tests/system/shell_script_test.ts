import { shellScriptTests } from "./shell_script.ts";

shellScriptTests("from source");
