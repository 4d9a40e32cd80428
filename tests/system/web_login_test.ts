import { labTest } from "../kit/lab.ts";
import { webLogin } from "./web_login.ts";

labTest("web login: onboard, log in, let a user forward, remove the user", webLogin);
