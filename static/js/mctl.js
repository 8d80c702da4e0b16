/* Everything that makes a page quicker than a plain one. Each script stands alone; without any, pages still read and forms still post. */
import "./morph.js";
import "./swap.js";
import "./time.js";
import "./menu.js";
import "./keys.js";
import "./copy.js";
import "./log.js";
import "./operation.js";
import "./live.js";
