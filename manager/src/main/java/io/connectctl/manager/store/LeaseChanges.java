package io.connectctl.manager.store;

import java.util.Map;
import java.util.Set;

/**
 * What a step of leasing changed.
 *
 * @param leases new or changed ones, by id
 * @param dropped ids of leases that are over
 * @param pools new or changed ones, by name
 * @param deleted names of pools that are not wanted any more
 */
public record LeaseChanges(
        Map<String, String> leases, Set<String> dropped, Map<String, String> pools, Set<String> deleted) {
    public LeaseChanges {
        leases = Map.copyOf(leases);
        dropped = Set.copyOf(dropped);
        pools = Map.copyOf(pools);
        deleted = Set.copyOf(deleted);
    }

    /** True where there is nothing to store. */
    public boolean isEmpty() {
        return leases.isEmpty() && dropped.isEmpty() && pools.isEmpty() && deleted.isEmpty();
    }
}
