/**
 * What must survive: server rows and the event journal, one transaction a step.
 */
@NullMarked
package io.connectctl.manager.store;

import org.jspecify.annotations.NullMarked;
