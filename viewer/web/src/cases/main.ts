/** The program of the page of cases, beside that of the viewer. */

import "./cases.css";
import { CasePage } from "./page";

const [, base = "", id = ""] = /^(.*?)\/case(?:\/([^/]*))?\/?$/.exec(location.pathname) ?? [];
const page = new CasePage(base);
document.getElementById("graphlume-cases")?.append(page.element);
void page.open(id === "" ? null : decodeURIComponent(id), new URLSearchParams(location.search));
