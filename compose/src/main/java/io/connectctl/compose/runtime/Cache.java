package io.connectctl.compose.runtime;

import java.io.IOException;
import java.time.Duration;
import java.util.List;

/** What a runtime keeps for later starts: nothing that can't be fetched or made again. */
public interface Cache {
    /** What lies there, by kind and name. */
    List<CacheEntry> entries() throws IOException;

    /** The class data archives among it. */
    Archives archives();

    /** How many bytes of archives are kept at most; the least recently used ones go first. */
    long archiveLimit();

    /**
     * Removes what no process uses and nobody launched with for so long.
     *
     * @param unused zero for all that isn't in use
     * @return what was removed
     * @throws IOException if something can't be removed; says what
     */
    List<CacheEntry> prune(Duration unused) throws IOException;
}
