package io.connectctl.compose.runtime;

import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * What a server that runs as a process takes over of the daemon's environment: where programs and the home are, and how text and times
 * are written. All else of whoever started the daemon, tokens not the least, is none of a server's.
 */
public final class Inherited {
    private static final Set<String> NAMES = Set.of("PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "TZ");

    /** Where a system's programs are: the PATH of who has none. */
    public static final String TOOLS = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    private Inherited() {}

    /** Of this environment what a server inherits; a new map, to be added to. */
    public static Map<String, String> of(Map<String, String> environment) {
        Map<String, String> inherited = new TreeMap<>(environment);
        inherited.keySet().retainAll(NAMES);
        inherited.putIfAbsent("PATH", TOOLS);
        return inherited;
    }
}
