package io.connectctl.manager.api.v1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What was found, or removed, that belongs to no server that is known. */
@JsonIgnoreProperties(ignoreUnknown = true)
public record LeftoverList(String apiVersion, String kind, List<Entry> leftovers) {
    /**
     * One thing.
     *
     * @param server whose it was; empty where it was no server's
     * @param what what it is, in words
     * @param kept why it stays; absent where it goes
     */
    @JsonIgnoreProperties(ignoreUnknown = true)
    public record Entry(String server, String what, @Nullable String kept) {}
}
