package io.connectctl.manager.supervise;

import io.connectctl.compose.runtime.CacheEntry;
import java.util.List;

/**
 * The cache as it is.
 *
 * @param entries what lies in it
 * @param archiveLimit how many bytes of class data archives are kept at most
 */
public record CacheStatus(List<CacheEntry> entries, long archiveLimit) {
    public CacheStatus {
        entries = List.copyOf(entries);
    }
}
