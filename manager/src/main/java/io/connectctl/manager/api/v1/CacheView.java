package io.connectctl.manager.api.v1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What lies in the cache, or what was removed from it.
 *
 * @param archiveLimitBytes how many bytes of class data archives are kept at most; null in what was removed
 */
@JsonIgnoreProperties(ignoreUnknown = true)
public record CacheView(String apiVersion, String kind, List<Entry> entries, @Nullable Long archiveLimitBytes) {
    public CacheView {
        entries = List.copyOf(entries);
    }

    /**
     * One thing in it.
     *
     * @param kind {@code spark}, {@code archive}, or {@code failure} for a training that isn't repeated by itself
     * @param name the Spark version, or the archive's key
     * @param about what it is for, or why the training failed
     * @param lastUsed an instant
     * @param inUse a process has it open: it isn't pruned
     */
    @JsonIgnoreProperties(ignoreUnknown = true)
    public record Entry(
            String kind, String name, String about, long bytes, String lastUsed, boolean inUse, String path) {}
}
