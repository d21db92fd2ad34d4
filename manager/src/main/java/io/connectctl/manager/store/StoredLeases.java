package io.connectctl.manager.store;

import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What is kept of leases and pools, each as JSON that {@link LeaseCodec} understands; none holds a secret.
 *
 * @param leases by id
 * @param pools by name
 */
public record StoredLeases(SortedMap<String, String> leases, SortedMap<String, String> pools) {
    public StoredLeases {
        leases = Collections.unmodifiableSortedMap(new TreeMap<>(leases));
        pools = Collections.unmodifiableSortedMap(new TreeMap<>(pools));
    }
}
