// Everything here makes better what already works without it. One module per thing.
import htmx from "htmx.org";
import { startAges } from "./ages.js";
import { startCookies } from "./cookies.js";
import { startCopying } from "./copying.js";
import { startDialogs } from "./dialogs.js";
import { startForms } from "./forms.js";
import { startLook } from "./look.js";
import { startMail } from "./mail.js";
import { startMenus } from "./menus.js";
import { startPasskeys } from "./passkeys.js";
import { startRail } from "./rail.js";
import { startSearch } from "./search.js";
import { startTables } from "./tables.js";
import { startToasts } from "./toasts.js";
import { startTour } from "./tour.js";

document.documentElement.classList.add("js");
window.htmx = htmx;

Object.assign(htmx.config, {
  // No HTML in the browser's store, no code from attributes, no style from a script.
  historyCacheSize: 0,
  refreshOnHistoryMiss: true,
  allowEval: false,
  includeIndicatorStyles: false,
  // A form with errors is answered with 422 and its fields: show it.
  responseHandling: [
    { code: "204", swap: false },
    { code: "[23]..", swap: true },
    { code: "422", swap: true },
    { code: "[45]..", swap: false, error: true },
  ],
});

startCookies();
startToasts(htmx);
startMenus();
startDialogs(htmx);
startForms(htmx);
startTables();
startRail();
startSearch(htmx);
startPasskeys();
startLook();
startCopying();
startAges();
startMail();
startTour();
