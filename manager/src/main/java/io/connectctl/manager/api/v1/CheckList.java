package io.connectctl.manager.api.v1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import java.util.List;

/**
 * What {@code connectctl doctor} found.
 *
 * @param target what was examined: a URL without its secrets, or {@code this machine}
 * @param verdict of all of them: {@code OK}, {@code WARNING} or {@code FAILED}
 * @param cause code of the first check that failed, else of the first that warns; empty where all is well
 * @param checks in the order in which they were made
 */
@JsonIgnoreProperties(ignoreUnknown = true)
public record CheckList(
        String apiVersion, String kind, String target, String verdict, String cause, List<Entry> checks) {
    /**
     * One check.
     *
     * @param check its name
     * @param verdict {@code OK}, {@code NOTE}, {@code WARNING}, {@code FAILED} or {@code SKIPPED}
     * @param code the cause; empty where all is well
     * @param detail one line, with the values that were seen
     * @param remedy what to do; may be empty
     * @param millis how long it took, in milliseconds
     */
    @JsonIgnoreProperties(ignoreUnknown = true)
    public record Entry(String check, String verdict, String code, String detail, String remedy, long millis) {}
}
