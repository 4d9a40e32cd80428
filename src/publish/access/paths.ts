/** What is below it on a protected host belongs to the gate. */
export const OWN_PATH = "/.portunus/";
export const CALLBACK_PATH = `${OWN_PATH}callback`;
export const LOGOUT_PATH = `${OWN_PATH}logout`;
/** The page of the Web UI that logs people in for a host. */
export const AUTHORIZE_PAGE = "/publish/authorize";
